"""Methods that answer `design`, where to measure next: the criteria that make one design better than another."""

"""Ways to say which model is better, a file each."""

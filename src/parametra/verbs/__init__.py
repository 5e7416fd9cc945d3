"""Floor 4: choose a method, drive it, judge the result."""

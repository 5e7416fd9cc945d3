"""Methods that say how far each parameter can be trusted."""

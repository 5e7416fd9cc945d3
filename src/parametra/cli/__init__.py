"""Floor 6: the command line; one command, one file, its verb imported only when it runs."""

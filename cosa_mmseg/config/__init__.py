"""Find, override, fill in and check configs."""

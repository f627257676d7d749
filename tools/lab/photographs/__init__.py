"""What the experiments on photographs need beside their configs."""

# All three techniques: the paper's recipe.
_base_ = '_shapes.py'

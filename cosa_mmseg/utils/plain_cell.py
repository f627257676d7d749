"""Cells of tables that people open in spreadsheets."""

# what a spreadsheet takes for the beginning of a formula
_FORMULA = ('=', '+', '-', '@', '\t', '\r')


def plain_cell(value: object) -> object:
    """A cell of a table that no spreadsheet takes for a formula.

    Args:
        value: Texts that begin like one get an apostrophe in front.
    """
    is_formula = isinstance(value, str) and value.startswith(_FORMULA)
    return f"'{value}" if is_formula else value

"""Small charts that the server draws: a line with the area below it, in a box of 100 by 24."""

from collections.abc import Sequence

WIDTH, HEIGHT = 100, 24
_MARGIN = 1  # the line's own width


def sparkline(values: Sequence[int]) -> dict[str, str]:
    """Return the paths of line and area; nothing where there is no more than one value."""
    if len(values) <= 1:
        return {}
    top = max([*values, 1])
    step = WIDTH / (len(values) - 1)
    room = HEIGHT - 2 * _MARGIN
    points = [f"{number * step:.1f},{_MARGIN + room * (1 - value / top):.1f}" for number, value in enumerate(values)]
    line = "M" + "L".join(points)
    return {"line": line, "area": f"{line}L{WIDTH},{HEIGHT}L0,{HEIGHT}Z"}

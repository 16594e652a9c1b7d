"""The figures of the chapter, drawn: the bowl, the steps in it, alphas, and the network itself.

`write(directory)` writes each as an SVG and a PNG file. Every slope and every step is computed by
automatic differentiation.
"""

from __future__ import annotations

import base64
import html
import io
import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autodiff import Value
from autodiff.drawing import draw
from autodiff.extras import how_to_install
from examples.gradient_descent import steps

try:
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.patches import FancyArrowPatch
except ImportError as missing:
    raise ImportError(
        f"the pictures are drawn with matplotlib: {how_to_install('examples')}"
    ) from missing

# Colours that the colour-blind tell apart, too (Okabe and Ito, 2008), dark enough for text
BLUE, ORANGE, GREEN, INK = "#0072b2", "#b85000", "#00805e", "#222222"

STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 13,
    "axes.titlelocation": "left",
    "lines.linewidth": 2,
    "figure.constrained_layout.use": True,
    "svg.hashsalt": "autodiff",  # the same file each time
}


# ---- What is drawn ----------------------------------------------------------------------------


def squared_error(weight: Any, input: float, goal_pred: float) -> Any:
    """Return the error of the network with one weight."""
    return ((input * weight) - goal_pred) ** 2


def slope(weight: float, input: float, goal_pred: float) -> float:
    """Return the derivative of the error in the weight."""
    variable = Value(weight)
    squared_error(variable, input, goal_pred).backward()
    return float(variable.grad)


def learning(
    weight: float, input: float, goal_pred: float, iterations: int, alpha: float = 1.0
) -> list[tuple[float, float]]:
    """Return the weight and the error at each iteration of gradient descent."""
    descent = steps(weight, goal_pred, input, alpha, iterations)
    return [(step.weight, step.error) for step in descent]


def network() -> tuple[Value, Value]:
    """Return the error of the network and its weight."""
    weight = Value(0.5, "weight")
    pred = (Value(0.5, "input") * weight).labeled("pred")
    delta = (pred - Value(0.8, "goal_pred")).labeled("delta")
    return (delta**2).labeled("error"), weight


# ---- The figures ------------------------------------------------------------------------------


def bowl() -> Figure:
    """Draw the error over the weight, with the slope where the weight is, and the step from it."""
    input, goal_pred, weight = 0.5, 0.8, 0.5
    figure, axes = _axes("The error is a bowl over the weight: its slope leads to the goal")
    _draw_bowl(axes, input, goal_pred, -0.6, 3.8)
    error, steepness = squared_error(weight, input, goal_pred), slope(weight, input, goal_pred)
    ends = [weight - 0.55, weight + 0.55]
    line = [error + steepness * (end - weight) for end in ends]
    axes.plot(ends, line, color=ORANGE, linewidth=3)
    path = learning(weight, input, goal_pred, iterations=2)
    _draw_steps(axes, path)
    _beside(axes, path[0], f"weight {weight}\nerror {error:.4g}\nslope {steepness:.4g}", (-12, -58))
    new_weight = path[1][0]
    said = f"step {new_weight - weight:.4g}:\nhalf the slope,\nto weight {new_weight:.4g}"
    _beside(axes, path[0], said, (14, 10), ORANGE)
    _mark_goal(axes, goal_pred / input)
    axes.set(ylim=(-0.06, 1.3))
    return figure


def steps_down() -> Figure:
    """Draw the steps of learning with input 1.1: each jumps over the goal, and ends lower."""
    input, goal_pred = 1.1, 0.8
    path = learning(0.0, input, goal_pred, iterations=4)
    figure = Figure(figsize=(10, 4.6))
    whole, bottom = figure.subplots(1, 2)
    start = f"input {input}, goal {goal_pred}, weight 0 at first"
    whole.set_title(f"Steps down the bowl overshoot\n{start}")
    bottom.set_title("Its bottom, enlarged\neach step is -weight_delta")
    for axes, low, high in ((whole, -0.15, 1.5), (bottom, 0.55, 1.0)):
        _draw_bowl(axes, input, goal_pred, low, high)
        _draw_steps(axes, path)
        _mark_goal(axes, goal_pred / input)
    _name_points(whole, path[:2], [(-12, -38), (12, -30)])
    _name_step(whole, path, 1, 0.35)
    _name_points(bottom, path[1:], [(12, -24), (-8, -38), (8, -38)])
    _name_step(bottom, path, 2, 0.79)
    _name_step(bottom, path, 3, 0.725, 34)
    whole.set(xlim=(-0.6, 1.5), ylim=(-0.15, 0.8))
    bottom.set(xlim=(0.55, 1.0), ylim=(-0.0085, 0.042))
    return figure


def steps_up() -> Figure:
    """Draw the steps of learning with input 2: each jumps farther up than the one before."""
    input, goal_pred = 2.0, 0.8
    path = learning(0.5, input, goal_pred, iterations=4)
    start = f"input {input:g}, goal {goal_pred}, weight 0.5 at first"
    figure, axes = _axes(
        f"In a narrow bowl the same steps climb out\n{start}; each step is -weight_delta"
    )
    _draw_bowl(axes, input, goal_pred, -0.9, 1.7)
    _draw_steps(axes, path)
    _mark_goal(axes, goal_pred / input, "left")
    _name_points(axes, path[:3], [(6, -40), (-6, -40), (12, -12)])
    _name_step(axes, path, 1, 0.76, -9)
    _name_step(axes, path, 2, 0.46)
    _name_step(axes, path, 3, 0.4)
    end = f"to weight {path[3][0]:.4g},\nerror {path[3][1]:.4g}"
    _beside(axes, (-0.9, path[2][1]), end, (1, -50), ORANGE)
    axes.set(xlim=(-0.95, 1.95), ylim=(-1.4, 7), yticks=range(8))
    return figure


def alphas() -> Figure:
    """Draw the error at each iteration for several alphas, those that diverge included."""
    figure, axes = _axes(
        "Finding alpha: too large or negative diverges, too small hardly learns\n"
        "input 2, goal 0.8, weight 0.5 at first, where the error is 0.04",
        (8.4, 5.6),
    )
    lowest, highest = 1e-11, 1e8
    ends = []
    for alpha, colour, line in (
        (10, ORANGE, "--"),
        (1, ORANGE, "--"),
        (-0.1, ORANGE, "--"),
        (0.0001, BLUE, "-"),
        (0.001, BLUE, "-"),
        (0.01, BLUE, "-"),
        (0.1, GREEN, "-"),
    ):
        errors = [error for _, error in learning(0.5, 2.0, 0.8, 20, alpha)]
        axes.plot(range(1, 21), errors, line, color=colour, marker="o", markersize=3)
        if errors[-1] > highest:
            _label_where_it_leaves(axes, f"alpha {alpha}", errors, highest, colour)
        else:
            ends.append((errors[-1], f"alpha {alpha}", colour))
    _label_ends(axes, ends)
    axes.set(yscale="log", xlabel="iteration", xlim=(0, 20.5), xticks=[1, 5, 10, 15, 20])
    powers = [10.0**exponent for exponent in range(-10, 8, 2)]
    axes.set(ylim=(lowest, highest), yticks=powers, yticklabels=[f"{p:g}" for p in powers])
    axes.set(ylabel="error: each mark is 100 times the one below")
    axes.minorticks_off()
    return figure


def network_before() -> Any:
    """Draw the network before `backward()`: there are no derivatives yet."""
    return draw(network()[0])


def network_after() -> Any:
    """Draw the network after `backward()`, with the ways of the derivative to the weight."""
    error, weight = network()
    error.backward()
    return draw(error, chain_rule=True, highlight=weight)


# ---- What the figures share -------------------------------------------------------------------


def _axes(title: str, size: tuple[float, float] = (7.2, 4.6)) -> tuple[Figure, Any]:
    figure = Figure(figsize=size)
    axes = figure.subplots()
    axes.set_title(title)
    return figure, axes


def _draw_bowl(axes: Any, input: float, goal_pred: float, low: float, high: float) -> None:
    weights = [low + (high - low) * step / 200 for step in range(201)]
    errors = [squared_error(weight, input, goal_pred) for weight in weights]
    axes.plot(weights, errors, color=BLUE)
    axes.set(xlabel="weight", ylabel="error")


def _mark_goal(axes: Any, goal_weight: float, side: str = "right") -> None:
    axes.axvline(goal_weight, color=GREEN, linestyle=":", zorder=0)
    axes.annotate(
        f"goal weight\n{goal_weight:.4g}",
        (goal_weight, 0.98),
        (6 if side == "right" else -6, 0),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        color=GREEN,
        horizontalalignment="left" if side == "right" else "right",
        verticalalignment="top",
    )


def _draw_steps(axes: Any, path: list[tuple[float, float]]) -> None:
    """Draw each step: an arrow as long as the weight moves, and a line on to the curve."""
    for (weight, error), (new_weight, new_error) in itertools.pairwise(path):
        arrow = FancyArrowPatch(
            (weight, error),
            (new_weight, error),
            arrowstyle="-|>",
            mutation_scale=14,
            color=ORANGE,
            linewidth=1.8,
            shrinkA=0,
            shrinkB=0,
        )
        axes.add_patch(arrow)
        drop = [new_weight, new_weight], [error, new_error]
        axes.plot(*drop, color=ORANGE, linewidth=1.2, linestyle=(0, (3, 2)))
    weights, errors = zip(*path, strict=True)
    axes.plot(weights, errors, "o", color=INK, markersize=7, zorder=3)


def _beside(
    axes: Any, point: tuple[float, float], text: str, offset: tuple[float, float], colour: str = INK
) -> None:
    """Write a text beside a point: on its left, if that is where the offset leads."""
    axes.annotate(
        text,
        point,
        offset,
        textcoords="offset points",
        horizontalalignment="left" if offset[0] > 0 else "right",
        fontsize=11,
        color=colour,
    )


def _name_points(
    axes: Any, path: list[tuple[float, float]], offsets: list[tuple[float, float]]
) -> None:
    """Write the weight and the error beside each point."""
    for (weight, error), offset in zip(path, offsets, strict=True):
        _beside(axes, (weight, error), f"weight {weight:.4g}\nerror {error:.3g}", offset)


def _name_step(
    axes: Any, path: list[tuple[float, float]], number: int, at: float, up: float = 5
) -> None:
    """Write the number of a step and how far the weight moves, above its arrow."""
    (weight, error), (new_weight, _) = path[number - 1 : number + 1]
    axes.annotate(
        f"step {number}: {new_weight - weight:+.4g}",
        (at, error),
        (0, up),
        textcoords="offset points",
        horizontalalignment="center",
        fontsize=11,
        color=ORANGE,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
    )


def _label_where_it_leaves(
    axes: Any, text: str, errors: list[float], highest: float, colour: str
) -> None:
    iteration = next(place for place, error in enumerate(errors) if error > highest)
    before, after = math.log(errors[iteration - 1]), math.log(errors[iteration])
    crossing = iteration + (math.log(highest) - before) / (after - before)
    axes.annotate(
        text,
        (crossing, highest),
        (8, -4),
        textcoords="offset points",
        color=colour,
        verticalalignment="top",
    )


def _label_ends(axes: Any, ends: list[tuple[float, str, str]]) -> None:
    """Write what each line is beside its end, with room between the texts."""
    ends = sorted(ends)
    heights = _moved_apart([math.log10(error) for error, _, _ in ends], 0.95)
    for height, (error, text, colour) in zip(heights, ends, strict=True):
        axes.annotate(
            text,
            (20, error),
            (20.9, 10**height),
            color=colour,
            verticalalignment="center",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "linewidth": 0.6,
                "shrinkB": 2,
                "relpos": (0, 0.5),  # from the middle of the text's left side
            },
        )


def _moved_apart(heights: list[float], gap: float) -> list[float]:
    """Return ascending heights, those that are too close moved apart, up and down alike."""
    heights = list(heights)
    for _ in range(100):
        for below, above in itertools.pairwise(range(len(heights))):
            missing = max(0.0, gap - (heights[above] - heights[below]))
            heights[below] -= missing / 2
            heights[above] += missing / 2
    return heights


# ---- In a notebook ----------------------------------------------------------------------------


class Shown:
    """A figure as a notebook shows it, with a description for those who do not see it."""

    def __init__(self, drawn: Callable[[], Figure]) -> None:
        self.drawn = drawn

    def __repr__(self) -> str:
        """Return all that is written in the figure."""
        axes = self.drawn().axes
        words = [text for each in axes for text in (each.title, *each.texts)]
        return "; ".join(" ".join(text.get_text().split()) for text in words)

    def _repr_html_(self) -> str:
        data = base64.b64encode(rendered(self.drawn, "png", dpi=110)).decode()
        source, width = f"data:image/png;base64,{data}", round(84 * self.drawn().get_figwidth())
        description, fits = html.escape(repr(self)), "max-width: 100%"
        return f'<img src="{source}" alt="{description}" width="{width}" style="{fits}">'


# ---- Writing ----------------------------------------------------------------------------------

FIGURES: tuple[Callable[[], Figure], ...] = (bowl, steps_down, steps_up, alphas)
GRAPHS: tuple[Callable[[], Any], ...] = (network_before, network_after)


def write(directory: str | Path) -> list[Path]:
    """Write every picture as an SVG and as a PNG file, and return their paths."""
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for drawn in (*FIGURES, *GRAPHS):
        for kind in ("svg", "png"):
            path = directory / f"{drawn.__name__}.{kind}"
            path.write_bytes(rendered(drawn, kind) if drawn in FIGURES else drawn().pipe(kind))
            written.append(path)
    return written


def rendered(figure: Callable[[], Figure], kind: str = "svg", dpi: int = 150) -> bytes:
    """Return a figure as the bytes of a file."""
    metadata = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
    target = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        figure().savefig(target, format=kind, dpi=dpi, metadata=metadata)
    return target.getvalue()

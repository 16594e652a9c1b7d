"""The page in a browser: every screen's numbers beside the engine's, by keyboard, for everybody.

They need Playwright, and Chromium or Chrome on the machine.
"""

import functools
import re
import shutil

import pytest

from autodiff import Value, page, topological_order
from examples import page as chapter_page
from examples import whopper
from examples.gradient_descent import steps as descending
from examples.hot_and_cold import steps as searching

playwright = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PROGRAM = next(filter(None, map(shutil.which, BROWSERS)), None)
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="chromium is not installed")

QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip
SCREENS = ("forward", "backward", "bowl", "learn", "break", "by-hand")
MINUS = "−"


@functools.cache
def chapter():
    return chapter_page.chapter()


@functools.cache
def formula():
    x, y = Value(1.5, "x"), Value(-2.0, "y")
    return page(x * x + x * (y - 3) / y, title="A formula")


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=PROGRAM, args=[*QUIET])
        yield opened
        opened.close()


@pytest.fixture
def visit(browser, tmp_path):
    """Open a page; in the end there was neither an error on its console nor a request."""
    contexts, problems, requested = [], [], []
    path = tmp_path / "page.html"

    def visited(made, screen="forward", width=1280, scheme="light"):
        made.save(path)
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        contexts.append(context)
        shown = context.new_page()
        shown.on("console", lambda message: problems.append(message.text))
        shown.on("pageerror", lambda error: problems.append(str(error)))
        shown.on("request", lambda request: requested.append(request.url))
        shown.goto(f"{path.as_uri()}#{screen}")
        return shown

    yield visited
    for context in contexts:
        context.close()
    assert problems == []
    assert {url.partition("#")[0] for url in requested} <= {path.as_uri(), "about:srcdoc"}


def boxes(shown, model=0):
    """Return what stands in the boxes of the graph: by name, the number and the derivative."""
    groups = shown.locator(f'.graphs[data-model="{model}"] .graph-lr .node')
    texts = groups.evaluate_all(
        "all => all.map(g => [...g.querySelectorAll('text')].map(t => t.textContent))"
    )
    return {name: (number, grad.removeprefix("grad ")) for name, number, grad in texts}


def written(x, digits=4):
    return format(x, f".{digits}g").replace("-", MINUS)


def network(weight=0.5, input=0.5, goal_pred=0.8):
    """Return the numbers and the derivatives of the chapter's network by the engine."""
    leaves = Value(weight, "weight"), Value(input, "input"), Value(goal_pred, "goal_pred")
    w, i, g = leaves
    pred = (i * w).labeled("pred")
    delta = (pred - g).labeled("delta")
    error = (delta**2).labeled("error")
    error.backward()
    nodes = [x for x in topological_order(error) if x.label]
    return {x.label: (x.data, x.grad) for x in nodes}


def press(shown, name):
    """Go to a button by the tabulator key alone, and press it."""
    for _ in range(60):
        shown.keyboard.press("Tab")
        if shown.evaluate("document.activeElement.textContent") == name:
            shown.keyboard.press("Enter")
            return
    raise AssertionError(f"no key leads to {name}")


def said(shown, screen):
    return shown.locator(f"#{screen} .said").first.inner_text()


# ---- Predict and compare ------------------------------------------------------------------------


def test_values_appear_one_by_one_by_keyboard_alone(visit):
    shown = visit(chapter())
    expected = network()
    order = ("pred", "delta", "error")
    assert [boxes(shown)[name] for name in order] == [("?", "")] * 3
    for count, name in enumerate(order, 1):
        press(shown, "Next")
        numbers = boxes(shown)
        known = [written(expected[x][0]) for x in order[:count]]
        assert [numbers[x][0] for x in order] == known + ["?"] * (3 - count)
        assert said(shown, "forward").startswith(f"{name} = ")
    steps = shown.locator("#forward .steps").inner_text()
    assert "pred = input × weight = 0.5 × 0.5 = 0.25" in steps
    assert f"error = delta ** 2 = ({MINUS}0.55)**2 = 0.3025" in said(shown, "forward")


@pytest.mark.parametrize(
    ("guess", "answer"),
    [("0.25", "Your guess 0.25 is right."), ("1", "Your guess for pred was 1; it is 0.25."),
     ("-0.25", f"Your guess {MINUS}0.25 has the right size and the wrong sign: it is 0.25."),
     ("1/4", "Your guess 0.25 is right."),
     ("0.2501", "Your guess 0.2501 is close enough: it is 0.25.")],
)  # fmt: skip
def test_a_guess_is_compared_before_the_number_is_shown(visit, guess, answer):
    shown = visit(chapter())
    field = shown.get_by_label("Guess first: what will pred = input × weight be?")
    field.fill(guess)
    field.press("Enter")
    assert answer in said(shown, "forward")
    assert boxes(shown)["pred"][0] == "0.25"


def test_a_guess_that_is_no_number_is_asked_again(visit):
    shown = visit(chapter())
    shown.get_by_label("Guess first").fill("a quarter")
    shown.get_by_role("button", name="Compare my guess").click()
    assert said(shown, "forward") == "Type a number, such as 0.25."
    assert boxes(shown)["pred"][0] == "?"


# ---- Backward -----------------------------------------------------------------------------------


def test_derivatives_appear_one_by_one_by_keyboard_alone(visit):
    shown = visit(chapter(), "backward")
    expected = network()
    order = ("error", "delta", "pred", "goal_pred", "weight", "input")
    for count, _ in enumerate(order, 1):
        grads = {name: grad for name, (_, grad) in boxes(shown).items() if grad}
        known = [x for x in order if x in grads]
        assert len(grads) == count
        assert grads == {x: written(expected[x][1]) for x in known}
        if count < len(order):
            press(shown, "Next")
    steps = shown.locator("#backward .steps").inner_text()
    assert (
        f"error moves {MINUS}1.1 per unit of pred, pred moves 0.5 per unit of weight: "
        f"{MINUS}1.1 × 0.5 = {MINUS}0.55"
    ) in steps


def test_the_edge_of_the_step_is_thick(visit):
    shown = visit(chapter(), "backward")
    shown.get_by_role("button", name="Next").click()
    edges = shown.locator(".graph-lr .edge.active .line")
    assert edges.count() == 1
    width = edges.evaluate("line => parseFloat(getComputedStyle(line).strokeWidth)")
    assert width >= 3


def test_where_paths_meet_every_term_stands_and_the_sum(visit):
    x = Value(3.0, "x")
    shown = visit(page((x * x + x + x).labeled("y")), "backward")
    shown.get_by_role("button", name="Show all").click()
    assert "4 paths meet in x: 3 + 3 + 1 + 1 = 8" in said(shown, "backward")


def test_a_nudge_shows_the_measured_ratio_beside_the_derivative(visit):
    shown = visit(chapter(), "backward")
    shown.get_by_role("button", name="Move weight by 0.001").click()
    before, after = network()["error"][0], network(weight=0.501)["error"][0]
    ratio = written((after - before) / 0.001, 6)
    told = shown.locator("#backward").inner_text()
    assert f"≈ {ratio}. The derivative in weight: {MINUS}0.55" in told


# ---- The bowl -----------------------------------------------------------------------------------


def test_arrow_keys_move_the_weight_and_graph_slope_and_sentence_with_it(visit):
    shown = visit(chapter(), "bowl")
    shown.get_by_label("the whole error").first.check()
    press(shown, "to the right")
    assert said(shown, "bowl").startswith("At weight = 0.5") or "Right." in said(shown, "bowl")
    slider = shown.get_by_label("Move weight (arrow keys, or drag the dot)")
    slider.focus()
    for _ in range(30):
        slider.press("ArrowRight")
    weight = float(shown.get_by_label("weight", exact=True).input_value())
    assert weight > 0.5
    expected = network(weight=weight)
    assert boxes(shown)["weight"] == (written(weight), written(expected["weight"][1]))
    assert f"its slope {written(expected['weight'][1], 6)} is" in said(shown, "bowl")


def test_half_the_error_has_half_the_slope_in_graph_and_sentence(visit):
    shown = visit(chapter(), "bowl")
    shown.get_by_role("button", name="to the right").click()
    assert f"its slope {MINUS}0.275 is negative" in said(shown, "bowl")
    assert boxes(shown)["weight"][1] == f"{MINUS}0.275"
    shown.get_by_label("the whole error").first.check()
    assert f"its slope {MINUS}0.55 is negative" in said(shown, "bowl")
    assert boxes(shown)["weight"][1] == f"{MINUS}0.55"


def test_the_dot_is_dragged(visit):
    shown = visit(chapter(), "bowl")
    dot = shown.locator("#bowl .plot .now").bounding_box()
    x, y = dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2
    shown.mouse.move(x, y)
    shown.mouse.down()
    shown.mouse.move(x + 150, y, steps=5)
    shown.mouse.up()
    weight = float(shown.get_by_label("weight", exact=True).input_value())
    assert weight > 1
    assert boxes(shown)["error"][0] == written(network(weight=weight)["error"][0])


# ---- Learn --------------------------------------------------------------------------------------


def weight_of(shown):
    return float(shown.get_by_label("weight", exact=True).input_value().replace(MINUS, "-"))


def test_twenty_steps_have_the_bits_of_the_chapters_program(visit):
    shown = visit(chapter(), "learn")
    expected = list(descending(iterations=21))
    for step in expected[1:4]:
        shown.get_by_role("button", name="Step", exact=True).click()
        assert weight_of(shown) == step.weight
    told = shown.locator("#learn").inner_text()
    assert f"weight ← 0.5 {MINUS} 1 × ({MINUS}0.275) = 0.775" in told
    shown.locator("#learn").get_by_role("button", name="Start again").click()
    shown.get_by_role("button", name="Run 20").click()
    assert weight_of(shown) == expected[20].weight
    cells = shown.locator("#learn tbody td:nth-child(2)").all_inner_texts()
    assert cells == [written(step.error, 6) for step in expected[:20]]


def test_a_step_is_taken_back(visit):
    shown = visit(chapter(), "learn")
    shown.get_by_role("button", name="Run 20").click()
    for _ in range(20):
        shown.get_by_role("button", name="Undo").click()
    assert weight_of(shown) == 0.5
    assert shown.get_by_role("button", name="Undo").is_disabled()


def test_steps_stop_where_numbers_end(visit):
    shown = visit(chapter(), "learn")
    shown.get_by_label("alpha", exact=True).fill("1e200")
    shown.get_by_role("button", name="Run 20").click()
    assert "the steps have diverged. Undo, or start again" in said(shown, "learn")
    assert "NaN" not in shown.locator("body").inner_text()
    assert shown.get_by_role("button", name="Run 20").is_disabled()
    shown.get_by_role("button", name="Undo").click()
    assert shown.get_by_role("button", name="Run 20").is_enabled()


def test_what_was_said_goes_when_a_number_is_changed(visit):
    shown = visit(chapter(), "learn")
    shown.get_by_role("button", name="Run 20").click()
    shown.get_by_label("weight", exact=True).fill("3")
    shown.get_by_label("weight", exact=True).press("Enter")
    assert "the steps start anew from weight = 3" in said(shown, "learn")
    shown.locator("nav button").first.click()
    shown.get_by_role("button", name="Show all").click()
    shown.get_by_label("weight", exact=True).fill("-1e200")
    shown.get_by_label("weight", exact=True).press("Enter")
    assert "error is inf (too large for a number of the computer)" in said(shown, "forward")


def test_a_field_says_what_is_no_number(visit):
    shown = visit(chapter())
    shown.get_by_label("weight", exact=True).fill("abc")
    shown.get_by_label("weight", exact=True).press("Enter")
    assert "Type a number; weight is still 0.5." in shown.locator("#numbers").inner_text()


def test_numbers_that_are_not_guessed_yet_do_not_stand_in_the_table(visit):
    shown = visit(chapter())
    shown.get_by_text("All numbers as a table").click()
    rows = shown.locator("#all tbody tr").all_inner_texts()
    assert "error\tdelta ** 2\t?\t?" in rows


def test_alpha_scales_the_step(visit):
    shown = visit(chapter(), "learn")
    shown.get_by_label("alpha", exact=True).fill("0.1")
    shown.get_by_label("input", exact=True).fill("2")
    shown.get_by_label("input", exact=True).press("Enter")
    shown.get_by_role("button", name="Run 20").click()
    expected = list(descending(input=2.0, alpha=0.1, iterations=21))
    assert weight_of(shown) == expected[20].weight


def test_it_is_asked_before_the_step_whether_the_error_falls(visit):
    shown = visit(chapter(), "learn")
    shown.get_by_role("button", name="rise").click()
    shown.get_by_role("button", name="Step", exact=True).click()
    assert "Not as you said." in said(shown, "learn")
    shown.get_by_role("button", name="fall").click()
    shown.get_by_role("button", name="Step", exact=True).click()
    assert "As you said." in said(shown, "learn")


# ---- Break it -----------------------------------------------------------------------------------


def steps_of(preset):
    """Return the steps of the programs of a preset, by the chapter's own examples."""
    given = dict(preset.numbers)
    if preset.rule == "search":
        return [list(searching(given["weight"], rate, preset.steps)) for rate in preset.rates]
    return [list(descending(**given, alpha=rate, iterations=preset.steps)) for rate in preset.rates]


def what_happened(errors):
    """Return which of the usual ends a run had."""
    if errors[-1] == errors[0]:
        return 3
    if errors[-1] > errors[0]:
        return 2
    return 0 if errors[-1] < 1e-4 else 1


@pytest.mark.parametrize("preset", chapter_page.PRESETS, ids=lambda preset: preset.name)
def test_a_program_that_fails_does_what_the_chapters_program_does(visit, preset):
    shown = visit(chapter(), "break")
    shown.get_by_role("button", name=preset.name, exact=True).click()
    answer = shown.locator("#break .choice").get_by_role(
        "button", name=preset.choices[preset.answer], exact=True
    )
    answer.click()
    assert said(shown, "break").startswith("Right.")
    runs = steps_of(preset)
    if len(runs) == 1:
        rows = shown.locator("#break tbody tr").all_inner_texts()
        last = runs[0][-1]
        numbers = [written(x, 6) for x in (last.weight, last.error, last.pred)]
        assert rows[-1].split("\t")[:4] == [str(len(runs[0])), *numbers]
    else:
        cells = shown.locator("#break tbody td:nth-child(2)").all_inner_texts()
        assert cells == [written(run[-1].error, 6) for run in runs]


@pytest.mark.parametrize("preset", chapter_page.PRESETS, ids=lambda preset: preset.name)
def test_the_answer_of_a_preset_is_what_happens(preset):
    runs = [[step.error for step in run] for run in steps_of(preset)]
    if len(runs) > 1:
        assert preset.answer == min(range(len(runs)), key=lambda i: runs[i][-1])
    elif len(preset.choices) == 2:
        assert what_happened(runs[0]) == 0
    else:
        ends = {0.3025, 19.8025}
        swings = preset.rates == (10.0,) and {round(x, 9) for x in runs[0]} == ends
        assert preset.answer == (1 if swings else what_happened(runs[0]))


# ---- Your own formula ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "typed", "verdict"),
    [
        ("beta", "2*beta*gamma**2", "Here, by hand 36, autodiff 36."),
        ("beta", "beta*gamma**2", "1/2 of autodiff at all 21 points: is a factor 2 dropped?"),
        ("x", "1/(2*sqrt(epsilon + 22 - x))", "minus autodiff at all 21 points: is the sign"),
        ("x", "-0.1", "Right at these numbers, but not at others"),
        ("epsilon", "22", "is no simple multiple"),
        ("beta", "1/0", "By hand has no value at 21 of 21 points"),
        ("beta", "2*beta*gamma**2/(beta-2)*(beta-2)", "By hand has no value at 1 of 21 points"),
        ("gamma", "2 beta", "something is missing before \"beta\": a product is written with *"),
    ],
)  # fmt: skip
def test_a_derivative_by_hand_is_compared_with_its_diagnosis(visit, name, typed, verdict):
    shown = visit(chapter(), "by-hand")
    field = shown.get_by_label(f"The derivative of y in {name} is")
    field.fill(typed)
    field.press("Enter")
    assert verdict in shown.locator("#by-hand").inner_text()


def test_the_whoppers_derivatives_are_the_engines(visit):
    shown = visit(chapter(), "by-hand")
    shown.get_by_label("show autodiff’s derivatives in the graph").check()
    numbers = boxes(shown, model=1)
    for name, grad in whopper.by_autodiff().items():
        assert numbers[name][1] == written(grad)


# ---- For everybody ------------------------------------------------------------------------------


def violations(shown):
    found = axe.Axe().run(shown).response["violations"]
    return [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_no_screen_violates_a_rule_of_accessibility(visit, width, scheme):
    shown = visit(chapter(), width=width, scheme=scheme)
    for place, screen in enumerate(SCREENS):
        shown.locator("nav button").nth(place).click()
        assert shown.locator(f"#{screen}").is_visible()
        if screen in ("forward", "backward"):
            shown.locator(f"#{screen}").get_by_role("button", name="Next").click()
        elif screen == "bowl":
            shown.get_by_role("button", name="to the right").click()
        elif screen == "learn":
            shown.get_by_role("button", name="Run 20").click()
        elif screen == "break":
            shown.get_by_role("button", name="All alphas at once").click()
            shown.locator("#break .choice button").first.click()
        shown.wait_for_timeout(250)  # colours change slowly
        assert violations(shown) == [], screen


@pytest.mark.parametrize("width", [1280, 400, 320])
@pytest.mark.parametrize("made", [chapter, formula])
def test_no_screen_is_wider_than_the_window(visit, made, width):
    shown = visit(made(), width=width)
    for button in shown.locator("nav button").all():
        button.click()
        assert shown.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [1280, 400])
def test_numbers_of_any_size_fit_their_boxes(visit, width):
    shown = visit(chapter(), "learn", width)
    shown.locator("#box").evaluate("box => { box.open = true; }")
    field = shown.get_by_label("input", exact=True)
    for number in ("-1.2345678e-101", "-8.888e+88", "0.00012345"):
        field.fill(number)
        field.press("Enter")
        wide = shown.evaluate("""() => [...document.querySelectorAll(".node")]
            .filter(group => group.getBoundingClientRect().width)
            .flatMap(group => [...group.querySelectorAll("text")].filter(text =>
                text.getBBox().width > group.querySelector(".box").getBBox().width - 2))
            .map(text => text.textContent)""")
        assert wide == []


def test_it_runs_inside_a_notebook_and_without_changing_the_address_there(visit, tmp_path):
    class Notebook:
        def save(self, path):
            text = f"<!DOCTYPE html><title>notebook</title>{formula()._repr_html_()}"
            path.write_text(text, encoding="utf-8")

    shown = visit(Notebook())
    address = shown.url
    inside = shown.frame_locator("iframe")
    inside.get_by_role("button", name="2 Backward").click()
    inside.get_by_role("button", name="Next").click()
    assert "per unit of" in inside.locator("#backward .said").first.inner_text()
    assert shown.url == address


def test_each_step_is_told_to_a_screen_reader(visit):
    shown = visit(chapter())
    place = shown.locator("#forward [aria-live]").first
    assert place.get_attribute("role") == "status"
    shown.get_by_role("button", name="Next").click()
    assert re.search("pred = .* = 0.25", place.inner_text())

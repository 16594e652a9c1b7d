"""Draw the README's moving picture: the page of the chapter, stepped through in Chromium.

python -m pip install . playwright pillow && PYTHONPATH=. python .ci/moving_picture.py
"""

import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from examples.page import chapter

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "page.gif"
WIDTH, HEIGHT = 900, 690
# What is pressed on a screen, and how far it is scrolled down.
SCREENS = {
    "Predict and compare": ("Next", 104),
    "Backward": ("Next", 104),
    "Learn": ("Step", 380),
}
STEPS = 6  # at most, on a screen
MILLISECONDS = 1600  # a frame
COLOURS = 200


def shots():
    """Yield a picture of the page after each step."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.set_content(chapter().html)

        def shot():
            page.wait_for_timeout(500)  # colours fade in
            return Image.open(io.BytesIO(page.screenshot())).convert("RGB")

        for screen, (button, top) in SCREENS.items():
            page.locator("#screens button", has_text=screen).click()
            page.evaluate(f"scrollTo(0, {top})")
            further = page.locator("#sections button:visible", has_text=button).first
            yield shot()
            for _ in range(STEPS):
                if further.is_disabled():
                    break
                further.click()
                yield shot()


def in_few_colours(frames):
    """Return the frames in one palette, so that what stands still is not stored again."""
    together = Image.new("RGB", (WIDTH, sum(frame.height for frame in frames)))
    for number, frame in enumerate(frames):
        together.paste(frame, (0, number * frame.height))
    palette = together.quantize(COLOURS, Image.Quantize.MAXCOVERAGE)
    return [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]


def main():
    first, *rest = in_few_colours(list(shots()))
    first.save(PICTURE, save_all=True, append_images=rest, duration=MILLISECONDS, loop=0)
    print(f"{PICTURE}: {1 + len(rest)} frames, {PICTURE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

"""What `import` takes: a Python that does nothing else, from its start to its end."""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks.timing import Made, parted


def importing(form: str) -> Made:
    code = f"import {form}" if form else ""

    def step() -> tuple[float, ...]:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return (time.perf_counter() - start,)

    step()
    return parted(step, [])

"""A pytest plugin: the skipped tests, counted by reason. A reason that is not listed here fails.

    PYTHONPATH=.ci python -m pytest -p skips --skipped-to FILE
    PYTHONPATH=.ci python -m pytest -p skips --without torch @FILE

The second command runs what the first one skipped where only PyTorch is missing, on purpose.
"""

import re
from collections import Counter

# What may skip wherever the tests run, and why.
MAY_SKIP = (
    r"too small for the fraction",  # of a small denominator, next to 0: the case has no number
    r"\w+ is not known for numbers of type Array: array_api_strict has no such function",
    r"all tests skipped by \+SKIP option",  # what needs llvmlite: docs/compiled.md runs the same
    r"no interrupt arrives in the middle of C",  # on the compiled engine
    r"vectors of AVX2 are halved, and no others",  # a machine without
    r"other libraries keep what is freed",  # than the GNU C library
)

# What the README's test command does not install: the tests of each skip.
LEFT_OUT = "axe_playwright_python,chromium,jax,llvmlite,node,pandas,playwright,polars,pyarrow,torch"


def pytest_addoption(parser):
    group = parser.getgroup("skips")
    group.addoption("--without", default=LEFT_OUT, metavar="NAMES")
    group.addoption("--skipped-to", metavar="FILE")


def pytest_configure(config):
    if not hasattr(config, "workerinput"):  # the workers of pytest-xdist report to one that counts
        config.pluginmanager.register(_Skips(config))


class _Skips:
    def __init__(self, config):
        names = filter(None, config.option.without.split(","))
        absent = [rf"could not import '{x}\b.*|{x} is not installed" for x in names]
        self.may_skip = re.compile("|".join([*MAY_SKIP, *absent]), flags=re.DOTALL)
        self.file = config.option.skipped_to
        self.reasons = {}  # by the id of the test

    def pytest_runtest_logreport(self, report):
        if report.skipped and not hasattr(report, "wasxfail"):
            self.reasons[report.nodeid] = report.longrepr[2].removeprefix("Skipped: ")

    pytest_collectreport = pytest_runtest_logreport

    def _is_refused(self, reason):
        return not self.may_skip.fullmatch(reason)

    def pytest_sessionfinish(self, session):
        if self.file:
            with open(self.file, "w", encoding="utf-8") as file:
                file.writelines(f"{test}\n" for test in self.reasons)
        if session.exitstatus == 0 and any(map(self._is_refused, self.reasons.values())):
            session.exitstatus = 1

    def pytest_terminal_summary(self, terminalreporter):
        terminalreporter.section(f"{len(self.reasons)} skipped, by reason")
        for reason, count in Counter(self.reasons.values()).most_common():
            refused = self._is_refused(reason)
            refusal = "  NOT ALLOWED: see MAY_SKIP in .ci/skips.py" if refused else ""
            terminalreporter.line(f"{count:6}  {reason}{refusal}", red=refused)

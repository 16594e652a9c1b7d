"""The programs of the chapter, one module each, in reading order."""

PROGRAMS = (
    "compare",
    "why_square",
    "hot_and_cold_step",
    "hot_and_cold",
    "hot_and_cold_too_far",
    "gradient_descent",
    "scaling_reversal_stopping",
    "one_iteration",
    "reducing_error",
    "watched_steps",
    "bowl",
    "what_may_change",
    "box_with_rods",
    "whopper",
    "by_hand",
    "divergence",
    "alpha",
    "finding_alpha",
)

"""Durations in words."""


def duration(seconds: float) -> str:
    """The two greatest units: "1 h 20 min", "3 min 10 s"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"

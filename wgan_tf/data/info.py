"""What networks, runs and reports have to know of a data set."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class DatasetInfo:
    """A split of a data set, in numbers and names.

    Attributes:
        example_shape: (H, W, C) of images, (D,) of points.
        num_examples: of the chosen classes; None for a TFDS data set that is not downloaded yet.
        class_names: the chosen classes in label order; None without labels.
        digest: of the bytes of all examples and labels, whatever they were prepared from and where;
            empty until they are prepared.
        class_counts: examples of each class; None without labels, until they are prepared, and in
            runs of version 0.1.
    """

    example_shape: tuple[int, ...]
    num_examples: int | None
    class_names: tuple[str, ...] | None = None
    digest: str = ""
    class_counts: tuple[int, ...] | None = None

    @property
    def num_classes(self) -> int:
        """Classes of the labels; 0 without."""
        return len(self.class_names or ())

    @property
    def is_image(self) -> bool:
        """Whether an example is an image; else it is a point."""
        return len(self.example_shape) > 1

"""Words and bounds that options of several families share."""

NORMS = ("none", "batch", "layer")
INITIALIZERS = (
    *("normal", "uniform", "dcgan", "he_uniform", "glorot_uniform", "wgan_gp", "fan_in_uniform"),
)
INITIALIZERS_HELP = (
    "normal is N(0, 0.02); uniform has the same deviation; dcgan is normal, with batch norm's "
    "scales N(1, 0.02); wgan_gp is the rule of that paper's code: deviation sqrt(4 / (fan_in + "
    "fan_out)), strides counted, for convolutions both ways, and Glorot's for dense layers; "
    "fan_in_uniform is uniform within 1 / sqrt(fan_in), biases too, as in PyTorch."
)
ACTIVATIONS = ("relu", "leaky_relu", "elu", "tanh")
LARGEST_DROPOUT = 0.99
# What a network that fits into memory may have.
LARGEST_WIDTH = 2**16

"""Images drawn from a trained generator, as a user asks for them."""

"""The plugin of the warm benchmark: as little as a plugin can do."""
import gantry

gantry.run(lambda request: {"n": 1})

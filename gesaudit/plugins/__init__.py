"""How rules, reports and deliveries are found. Loading returns a catalogue; nothing is registered by import."""


class PluginError(Exception):
    """A plugin that cannot be loaded; the text names it and says why."""

"""The command line: one thin file per command. `main.py` alone turns exceptions into exit codes."""

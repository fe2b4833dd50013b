"""What the commands do. A task takes plain values and an observer, and returns a value; it never prints or exits."""

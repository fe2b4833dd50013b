"""From verdicts to outcomes. Pure: the judging instant is passed in, and a rule's author decides nothing here."""

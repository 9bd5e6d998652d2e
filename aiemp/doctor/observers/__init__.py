"""How doctor looks: each function here makes the observation of a check, and changes nothing anywhere."""

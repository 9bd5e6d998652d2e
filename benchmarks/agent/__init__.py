"""What runs inside of the machine that is measured: it starts whole systems and looks at their processes.

It uses nothing but the standard library, so that it can be copied to where aiemp and its peers are installed.
"""

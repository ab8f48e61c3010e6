"""The pushing world: a simulated robot that pushes coloured things in a bin.

scene      what lies where at the start
physics    one frame interval of motion, with the hidden part that the actions do not tell
policy     how the robot chooses its actions
rollout    scene + actions + hidden noise -> a trajectory
drawing    a trajectory -> frames
"""

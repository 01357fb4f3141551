"""The door that the platform knocks at: guards, the robot, and the Flask view."""

"""One thing that a user asks for, a module each: joins wiki, plan and project."""

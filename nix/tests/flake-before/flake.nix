# The same flake, before an edit and after it.
{ outputs = _: { }; }

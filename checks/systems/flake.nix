{
  description = "The systems to build for, in the place of the list that the examples take as an input";

  outputs = _: { };
}

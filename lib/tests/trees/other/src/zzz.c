foreign

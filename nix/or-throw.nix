# orThrow :: Result -> Result
#
# Why: lib/ reports what is wrong as data. This is the one place where it becomes an error.
result: if result.ok then result else throw result.message

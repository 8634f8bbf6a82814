"""Ten synthetic tasks whose answer and ceiling are known: where in a sequence can a representation find evidence?"""

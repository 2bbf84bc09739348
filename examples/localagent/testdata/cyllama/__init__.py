"""Stands where cyllama would, and does what no library should.

The model that it loads answers with what it could do: read a file outside of the
sandbox, write beside the model, connect to a port, bind one, start a program.
"""

"""The fast path of the executor: plain data are read by functions compiled for the document."""

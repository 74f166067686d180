"""How the tables came about, one file per step; applied when a store is opened."""

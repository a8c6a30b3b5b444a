"""Files of a broker, brought into a folder of the laptop; nothing here reads what is in them."""

from .source import FileSource, Wanted, name_of, open_source, remembered_name

__all__ = ["FileSource", "Wanted", "name_of", "open_source", "remembered_name"]

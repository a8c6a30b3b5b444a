"""How pages look: numbers and times as text, files of the browser, colours of the instance."""

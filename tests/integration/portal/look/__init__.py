"""How the portal looks to browsers: pictures of every page, axe, hostile names, no JavaScript."""

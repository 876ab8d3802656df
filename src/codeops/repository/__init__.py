"""The project's git repository: where it stands, where it left its target branch, and another commit of it in a folder of its own."""

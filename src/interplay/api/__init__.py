"""What `import interplay` offers, a module for each subject. `interplay/__init__.py` loads one when it is asked for."""

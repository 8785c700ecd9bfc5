"""What the pages about alerts show, put together for their templates."""

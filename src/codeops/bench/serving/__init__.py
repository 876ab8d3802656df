"""Services in any language: started beside the worker, asked over HTTP, and measured from outside and by the spans they export."""

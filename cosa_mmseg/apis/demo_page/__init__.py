"""A page in the browser to try a trained model; it needs gradio."""

import os

# read when gradio is imported: it shall not call home
os.environ['GRADIO_ANALYTICS_ENABLED'] = 'False'

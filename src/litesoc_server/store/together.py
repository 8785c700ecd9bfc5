"""Several questions to a store at once, for a page that asks more than one.

A question over few rows keeps one core busy, so questions asked one after the other leave the others idle.
"""

from concurrent.futures import ThreadPoolExecutor

from litesoc_server.store.connections import READERS_MAX

# Who submits a question reads its result in the same request: at most as many wait as pages are answered at a time.
QUESTIONS = ThreadPoolExecutor(READERS_MAX, thread_name_prefix="question")

"""Filters that write the kind of a network."""

from django import template

from litesoc_server.events.network_words import network_name, network_word
from litesoc_server.web import network_words

register = template.Library()
register.filter(network_words.further_marks)
register.filter(network_words.is_telling)
register.filter(network_words.network_colour)
register.filter(network_name)
register.filter(network_word)

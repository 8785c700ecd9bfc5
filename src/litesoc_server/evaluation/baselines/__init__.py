"""Published rules of others, as plain as their documentation gives them, to be measured in the same run as ours.

They are rebuilt from public descriptions; what such a rule leaves open (windows, grouping, cool-downs) is filled in in the
rule's favour and stands in its file. Figures are about this logic on this simulation, not about anybody's product.
"""

"""(placeholder of the founder, to be overwritten by its owner)"""
def placeholder(): pass

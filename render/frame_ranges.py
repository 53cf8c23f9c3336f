"""(placeholder of the founder, to be overwritten by its owner)"""
class FrameRangeError(Exception):
    def __init__(self, code, **params): super().__init__(code); self.code=code; self.params=params
def parse_frames(text):
    import fileseq
    return tuple(fileseq.FrameSet(text))
def format_frames(numbers):
    import fileseq
    return str(fileseq.FrameSet(numbers))

def markdown(t): return t
def text(k,l): return k
def sentence(t,l): return t

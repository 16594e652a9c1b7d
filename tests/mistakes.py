"""Realistic mistakes in derivatives worked out by hand, and what has to be said of each.

Below a function and, in brackets, the variable, every line is a wrong derivative and, after the
arrow, words of the diagnosis in their order; a `?` stands where only the difference can be told.
"""

_TABLE = """
x**2 * sin(x)  [x]
    2*x*cos(x) -> the derivatives of x**2 and sin(x) are multiplied
    2*x*sin(x) - x**2*cos(x) -> u' v - u v' is taken for x**2 * sin(x)
    2*x*sin(x) -> what comes through sin(x) ... is x taken for a constant there?
    x**2*cos(x) -> what comes through x**2 ... is x taken for a constant there?
    2*x + cos(x) -> u' + v' is taken for x**2 * sin(x)
x * exp(x)  [x]
    exp(x) -> what comes through exp(x) ... is x taken for a constant there?
    x*exp(x) -> what comes through x in x * exp(x) ... is x taken for a constant there?
    exp(x) + exp(x)*x**2 -> except in what comes through exp(x) ... is the factor x too many?
(x+1)*(x**2+3)  [x]
    2*x -> the derivatives of x + 1 and x**2 + 3 are multiplied
    (x**2+3) + (x+1)*x -> the exponent of x**2 does not come down as a factor
x*y*z  [y]
    x + z -> ?
    x*z*y -> is the factor y too many?
x * log(x)  [x]
    log(x) -> what comes through log(x) ... is x taken for a constant there?
    1/x -> the derivatives of x and log(x) are multiplied
exp(x)*cos(x)  [x]
    exp(x)*cos(x) + exp(x)*sin(x) -> u' v - u v' is taken for exp(x) * cos(x)
    exp(x)*sin(x) -> ?
    -exp(x)*sin(x) -> what comes through exp(x) ... is x taken for a constant there?
x*sin(x)*exp(x)  [x]
    cos(x)*exp(x) -> ?
sin(x)/x  [x]
    cos(x) -> the derivative of sin(x) is divided by that of x
    (x*cos(x) + sin(x))/x**2 -> there is a plus in the numerator for sin(x) / x
    (x*cos(x) - sin(x))/x -> the square of the denominator x is forgotten
    x*cos(x) - sin(x) -> the denominator for sin(x) / x is forgotten
    (sin(x) - x*cos(x))/x**2 -> is the sign flipped?
(x**2+1)/(x-3)  [x]
    2*x -> the derivative of x**2 + 1 is divided by that of x - 3
    2*x/(x-3) -> what comes through x - 3 ... is x taken for a constant there?
    (2*x*(x-3) - (x**2+1))/(x-3) -> the square of the denominator x - 3 is forgotten
x / (x*x + 1)  [x]
    1/(2*x) -> the derivative of x is divided by that of x * x + 1
    1/(x*x+1) -> what comes through x * x + 1 in x / (x * x + 1) ... is that path forgotten?
    (x*x+1 - 2*x)/(x*x+1)**2
        -> except in what comes through x * x + 1 in x / (x * x + 1) ... is the factor x missing?
1 / x  [x]
    1/x**2 -> is the sign flipped?
    -1/x -> the square of the denominator x is forgotten
    log(abs(x)) -> 1 / x is integrated
1 / x**2  [x]
    -2/x -> the square of the denominator x**2 is forgotten
1 / (1 + exp(-x))  [x]
    exp(-x)/(1+exp(-x)) -> the square of the denominator 1 + exp(-x) is forgotten
    -exp(-x)/(1+exp(-x))**2 -> is the sign flipped?
a / b  [b]
    a / b**2 -> is the sign flipped?
    1 / b -> is it derived in the wrong variable?
a / b  [a]
    -a/b**2 -> is it derived in the wrong variable?
sin(x**2)  [x]
    cos(x**2) -> is the factor 2 * x missing?
    cos(2*x) -> g' stands inside f' for f(g) = sin(x**2)
    2*x*cos(x) -> the derivative of sin(x**2) is taken at x and not at x**2
sin(3*x)  [x]
    cos(3*x) -> is a factor 3 dropped?
sin(x)**2  [x]
    2*sin(x) -> is the factor the derivative of sin(x) in x missing?
    cos(x)**2 -> g' stands for g in f(g) = sin(x)**2, and f is not derived
    2*cos(x) -> is the factor sin(x) missing?
exp(-x**2)  [x]
    exp(-x**2) -> is the factor -2 * x missing?
    2*x*exp(-x**2) -> is the sign flipped?
    -x**2*exp(-x**2-1) -> ?
exp(2*x)  [x]
    exp(2*x) -> is a factor 2 dropped?
log(x**2+1)  [x]
    1/(x**2+1) -> is the factor 2 * x missing?
    1/(2*x) -> ?
log(3*x)  [x]
    1/(3*x) -> is a factor 3 dropped?
sqrt(x**2+1)  [x]
    1/(2*sqrt(x**2+1)) -> is the factor 2 * x missing?
    x/(2*sqrt(x**2+1)) -> is a factor 2 dropped?
(3*x+1)**5  [x]
    5*(3*x+1)**4 -> is a factor 3 dropped?
    15*(3*x+1)**5 -> the exponent of (3 * x + 1)**5 stays as it is
cos(x**3)  [x]
    sin(x**3)*3*x**2 -> is the sign flipped?
    -sin(3*x**2) -> g' stands inside f' for f(g) = cos(x**3)
exp(sin(x))  [x]
    exp(cos(x)) -> g' stands inside f' for f(g) = exp(sin(x))
    exp(sin(x))*sin(x) -> the derivative of sin is taken for sin
tan(x)  [x]
    1/cos(x) -> the square in 1 / cos(x)**2 is forgotten
arctan(2*x)  [x]
    1/(1+4*x**2) -> is a factor 2 dropped?
    2/(1-4*x**2) -> 1 / (1 - (2 * x)**2) is taken, which is that of arctanh
x**2 + sin(x**2)  [x]
    2*x + cos(x**2)
        -> except in the derivative of the term sin(x**2) ... is the factor 2 * x missing?
x**3  [x]
    3*x**3 -> the exponent of x**3 stays as it is
    x**2 -> is a factor 3 dropped?
    2*x**2 -> is a factor 3/2 dropped?
    x**4/4 -> x**3 is integrated
x**3 + 2*x**2 - 5*x + 1  [x]
    3*x**2 + 2*x**2 - 5
        -> except in the derivative of the term 2 * x**2 ... is the factor 1/2 * x too many?
    3*x**2 + 4*x -> the derivative of the term 5 * x ... is it forgotten?
    3*x**2 + 4*x + 5 -> except in the derivative of the term 5 * x ... is the sign flipped?
    3*x**2 + 4*x - 5 + 1 -> is a constant term wrong?
    3*x**2 + 2*x - 5 -> the exponent of x**2 does not come down as a factor
x**-2  [x]
    -2*x**-1 -> the exponent of x**-2 is raised and not lowered
x**0.5  [x]
    x**-0.5 -> is a factor 2 too many?
sqrt(x)  [x]
    1/sqrt(x) -> is a factor 2 too many?
    1/(2*x) -> the derivative of sqrt(x) is taken for 1 / (2 x)
2**x  [x]
    x*2**(x-1) -> the power rule is applied to the exponential 2**x
    2**x -> is a factor 1/log(2) too many?
3**x  [x]
    3**x -> the logarithm of the base of 3**x is forgotten
3**(2*x)  [x]
    3**(2*x)*log(3) -> is a factor 2 dropped?
    2*x*3**(2*x-1) -> the power rule is applied to the exponential 3**(2 * x)
exp(x)  [x]
    x*exp(x-1) -> the power rule is applied to the exponential exp(x)
x**x  [x]
    x*x**(x-1) -> the power rule is applied to the exponential x**x
    x**x*log(x) -> what comes through x in x**x ... is x taken for a constant there?
x**n  [x]
    n*x**n -> the exponent of x**n stays as it is
x**n  [n]
    n*x**(n-1) -> is it derived in the wrong variable?
a**x + x**2  [x]
    x*a**(x-1) + 2*x -> the power rule is applied to the exponential a**x
((w*x1-y1)**2 + (w*x2-y2)**2) / 2  [w]
    x1*(w*x1-y1) + x2*(w*x2-y2)*2
        -> except in the derivative of the term (w * x2 - y2)**2 ... is a factor 2 too many?
    2*x1*(w*x1-y1) + 2*x2*(w*x2-y2) -> is a factor 2 too many?
    x1*(w*x1-y1) -> the derivative of the term (w * x2 - y2)**2 ... is it forgotten?
    x1*(w*x1-y1) - x2*(w*x2-y2)
        -> except in the derivative of the term (w * x2 - y2)**2 ... is the sign flipped?
    x1*(w*x1-y1) + x1*(w*x2-y2)
        -> except in the derivative of the term (w * x2 - y2)**2 ... is x1 written for x2?
    (w*x1-y1) + (w*x2-y2) -> ?
    x1*(y1-w*x1) + x2*(y2-w*x2) -> is the sign flipped?
(a + b + c) / 3  [a]
    1 -> is a factor 3 too many?
(a**2 + b**2 + c**2) / 3  [b]
    2*b -> is a factor 3 too many?
mean = (a + b)/2; var = ((a-mean)**2 + 2*(b-mean)**2)/2  [a]
    a - mean -> is a factor 3/2 dropped?
error = (input * weight - goal) ** 2  [weight]
    input * (input * weight - goal) -> is a factor 2 dropped?
    2 * (input * weight - goal) -> is the factor input missing?
    2 * input * (goal - input * weight) -> is the sign flipped?
    2 * weight * (input * weight - goal) -> is it derived in the wrong variable?
    (input * weight - goal) ** 2 -> is it not derived?
    2 * input * (input - goal) -> ?
error = (input * weight - goal) ** 2  [goal]
    2 * (input * weight - goal) -> is the sign flipped?
pred = input * weight; delta = pred - goal; error = delta ** 2  [weight]
    2*delta -> is the factor input missing?
    2*input -> is the factor delta missing?
sigmoid(w*x)  [w]
    sigmoid(w*x) -> is it not derived?
    x*sigmoid(w*x) -> the factor 1 - sigmoid(w * x) is forgotten
    sigmoid(w*x)*(1-sigmoid(w*x)) -> is the factor x missing?
    x*(1-sigmoid(w*x)**2) -> 1 - sigmoid(w * x)**2 is taken
sigmoid(x)  [x]
    sigmoid(x)*(1+sigmoid(x)) -> sigmoid(x) * (1 + sigmoid(x)) is taken
    x*(1-x) -> x * (1 - x) is taken
tanh(x)  [x]
    1 + tanh(x)**2 -> 1 + tanh(x)**2 is taken
    1 - tanh(x) -> the square in 1 - tanh(x)**2 is forgotten
    1 - x**2 -> 1 - x**2 is taken
tanh(w*x+b)  [w]
    1 - tanh(w*x+b)**2 -> is it derived in the wrong variable?
tanh(w*x+b)  [b]
    x*(1 - tanh(w*x+b)**2) -> is it derived in the wrong variable?
h = tanh(w1*x); y = w2*h; e = (y-t)**2  [w1]
    2*(y-t)*w2*x -> is the factor the derivative of h in w1 * x missing?
    2*(y-t)*(1-h**2)*x -> is the factor w2 missing?
    2*(y-t)*w2*(1-h**2) -> is the factor x missing?
    (y-t)*w2*(1-h**2)*x -> is a factor 2 dropped?
    2*(y-t)*w2*(1-h)*x -> the square in 1 - h**2 is forgotten
h = tanh(w1*x); y = w2*h; e = (y-t)**2  [w2]
    2*(y-t)*(1-h**2) -> ?
h = relu(w1*x); y = w2*h; e = (y-t)**2  [w1]
    2*(y-t)*w2*x -> except where w1 * x is negative ... autodiff is 0 ... by hand is not
h = relu(w1*x + b); e = h*h  [w1]
    2*h*x*h -> except where w1 * x + b is positive ... is the factor h too many?
relu(x)  [x]
    1 -> except where x is negative ... autodiff is 0 ... by hand is not
    x -> ?
relu(x)*x  [x]
    where(x > 0, x, 0) -> is a factor 2 dropped?
where(x > 0, x, 0.01*x)  [x]
    where(x > 0, 1, 0) -> except where x is negative ... is a term forgotten?
    1 -> except where x is negative ... is a factor 100 too many?
abs(x)  [x]
    1 -> except where x is negative ... is the sign flipped?
softplus(x)  [x]
    sigmoid(x)*(1-sigmoid(x)) -> the derivative of softplus is taken for that of sigmoid
    sigmoid(-x) -> the derivative of softplus(x) is taken for sigmoid(-x)
maximum(x, y)  [x]
    1 -> except where x - y is negative ... autodiff is 0 ... by hand is not
p = exp(a)/(exp(a)+exp(b)+exp(c)); loss = -log(p)  [a]
    p -> what comes through exp(a) in p ... is a taken for a constant there?
    1 - p -> is the sign flipped?
    p*(1-p) -> is the factor -p too many?
    -1/p -> is the factor the derivative of p missing?
p = exp(a)/(exp(a)+exp(b)+exp(c))  [a]
    p -> what comes through exp(a) in exp(a) + exp(b) ... is a taken for a constant there?
    exp(a)/(exp(b)+exp(c)) -> ?
p = exp(a)/(exp(a)+exp(b)+exp(c))  [b]
    p*(1-p) -> is it derived in the wrong variable?
loss = logaddexp(a, b) - t*a  [a]
    sigmoid(a-b) -> the derivative of the term t * a ... is it forgotten?
    sigmoid(a-b) + t -> except in the derivative of the term t * a ... is the sign flipped?
    t - sigmoid(a-b) -> is the sign flipped?
p = sigmoid(w*x); loss = -(t*log(p) + (1-t)*log(1-p))  [w]
    p - t -> is the factor x missing?
    (t - p)*x -> is the sign flipped?
    (p - t)*x*p*(1-p) -> is the factor the derivative of p in w * x too many?
    -t/p*p*(1-p)*x -> the derivative of the term (1 - t) * log(1 - p) ... is it forgotten?
p = sigmoid(w*x); loss = (p-t)**2/2  [w]
    (p-t)*x -> is the factor the derivative of p in w * x missing?
    (p-t)*p*x -> the factor 1 - p is forgotten
    2*(p-t)*p*(1-p)*x -> is a factor 2 too many?
loss = (w*x-t)**2 + lam*w**2  [w]
    2*x*(w*x-t) -> the derivative of the term lam * w**2 ... is it forgotten?
    2*x*(w*x-t) + lam*w -> the exponent of w**2 does not come down as a factor
    2*x*(w*x-t) - 2*lam*w
        -> except in the derivative of the term lam * w**2 ... is the sign flipped?
    2*x*(w*x-t) + 2*w
        -> except in the derivative of the term lam * w**2 ... is the factor lam missing?
    x*(w*x-t) + 2*lam*w -> the exponent of (w * x - t)**2 does not come down as a factor
    2*x*(w*x-t) + lam*w**2
        -> except in the derivative of the term lam * w**2 ... is the factor 1/2 * w too many?
loss = (w*x-t)**2 + lam*abs(w)  [w]
    2*x*(w*x-t) + lam
        -> except where w is negative ... the term lam * abs(w) ... is the sign flipped?
    2*x*(w*x-t) + lam*w -> the derivative of abs(w) is taken for w
w1*x1 + w2*x2 + w3*x3  [w2]
    x1 -> is it derived in the wrong variable?
    w2 -> is it derived in the wrong variable?
    x2 + w2 -> ?
(w1*x1 + w2*x2 - t)**2  [w1]
    2*x2*(w1*x1 + w2*x2 - t) -> is it derived in the wrong variable?
    2*x1*(w1*x1 - t) -> ?
    2*x1*w1*(w1*x1 + w2*x2 - t) -> is the factor w1 too many?
sin(radians(x))  [x]
    cos(radians(x)) -> is a factor 180/pi too many?
    cos(x) -> the derivative of sin(radians(x)) is taken at x and not at radians(x)
sin(x)  [x]
    cos(x)*180/3.141592653589793 -> is a factor 180/pi too many?
    -cos(x) -> is the sign flipped?
cos(x)  [x]
    sin(x) -> is the sign flipped?
cos(x) + x**2  [x]
    sin(x) + 2*x -> except in the derivative of the term cos(x) ... is the sign flipped?
log10(x)  [x]
    1/x -> is a factor log(10) too many?
log2(x)  [x]
    1/x -> is a factor 1/log(2) dropped?
log10(x)  [x]
    log(10)/x -> is a constant wrong?
log(x)  [x]
    1/log(x) -> the derivative of log(x) is taken for 1 / log(x)
log(x)*x**2  [x]
    2*x*log(x) -> what comes through log(x) ... is x taken for a constant there?
log(x)/x  [x]
    1/x**2 -> what comes through x in log(x) / x ... is x taken for a constant there?
log(x/y)  [y]
    1/y -> is the sign flipped?
log(x*y)  [x]
    1/(x*y) -> is the factor y missing?
exp(x + y)  [x]
    exp(x) -> the derivative of exp(x + y) is taken at x and not at x + y
hypot(x, y)  [x]
    x -> is the factor hypot(x, y) too many?
    1/hypot(x,y) -> is the factor x missing?
    2*x/hypot(x,y) -> is a factor 2 too many?
pi_r = 3.141592653589793*r**2  [r]
    2*3.14*r -> is a constant rounded?
0.5*k*x**2  [x]
    0.5*k*x -> is a factor 2 dropped?
m*g*h + m*v**2/2  [v]
    v**2*m/2 -> is the factor 1/2 * v too many?
exp(-(x-m)**2/(2*s**2))  [x]
    -(x-m)/(2*s**2)*exp(-(x-m)**2/(2*s**2)) -> is a factor 2 dropped?
exp(-(x-m)**2/(2*s**2))  [m]
    -(x-m)/s**2*exp(-(x-m)**2/(2*s**2)) -> is the sign flipped?
exp(-(x-m)**2/(2*s**2))  [s]
    (x-m)**2/s**2*exp(-(x-m)**2/(2*s**2)) -> the exponent of s**2 stays as it is
"""


def mistakes() -> list[tuple[str, str, str, str]]:
    """Return of each mistake the function, the variable, the wrong derivative and the words."""
    found = []
    function = variable = ""
    for line in _TABLE.replace("\n        ->", " ->").strip().splitlines():
        if not line.startswith(" "):
            function, _, variable = line.rstrip("]").rpartition("  [")
        else:
            wrong, _, words = line.strip().partition(" -> ")
            found.append((function, variable, wrong, words))
    return found

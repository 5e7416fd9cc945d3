"""The problem file of `parametra new --template ode`: doses of a drug, and what is left of them in the blood."""

from __future__ import annotations

TEXT = """\
# A problem for parametra whose model is differential equations. Look at it with `parametra check {file}`, run it with
# `parametra fit {file}`. Lines that begin with # say what else is possible.

title = {title}
# description = "A few words for the report."

[model.ode]
time = "t"                # the input of [data] that is time
# begin = 0               # when it begins: a number, or a formula of parameters
# solver = "rosenbrock"   # for stiff equations; left out, parametra finds out
# python = "model.py:rhs" # a function instead of [model.ode.states]

[model.ode.states]
# The slope of each state, a formula: + - * / **, exp, where(condition, a, b) and the like; states, time, parameters.
gut = "-absorbed"
blood = "absorbed - elimination * blood"

[model.ode.let]
# Quantities that formulas may use. The whole table may be left out.
absorbed = "absorption * gut"

[model.ode.initial]
# The first value of each state: a number, or a formula of parameters.
gut = 0
blood = 0

[[model.ode.events]]
# A dose: at these times something is added to a state; set = {{ gut = 0 }} replaces it. May be left out, or repeated.
time = [0, 12]            # numbers, or formulas of parameters such as "lag"
add = {{ gut = "dose" }}

[model.ode.observe]
# What is measured of the states, by the name of its column. Left out, the states themselves are.
c = "blood / volume"

[parameters]
# Each is found between its bounds; the guess is where the first start begins. A fast absorption with a slow elimination
# gives the same curve as the reverse: the bounds of the two do not overlap, so there is one answer.
absorption = {{ type = "log", lower = 0.4, upper = 20, guess = 1, unit = "1/h" }}
elimination = {{ type = "log", lower = 0.01, upper = 0.4, guess = 0.1, unit = "1/h" }}
volume = {{ type = "log", lower = 0.1, upper = 1000, guess = 10, unit = "L" }}
# Others: {{ lower = 0, upper = 5 }}, {{ fixed = 0.5 }}, {{ tied = "2 * absorption" }}

[data]
inputs = ["t"]            # columns that the model takes
output = "c"              # the column that was measured; several are outputs = ["c", "d"]
sigma = 0.2               # its standard deviation: a number, or a column, as in sigma = "sigma"
constants = {{ dose = 100 }} # numbers of this experiment
units = {{ t = "h", c = "mg/L", dose = "mg" }}
# parameters = {{ elimination = "elimination_fasted" }}  # the name that a parameter has in this experiment
# Several experiments are several tables [[data]].

[data.columns]
# Your own table: file = "data.csv" above, with a header, beside this file. Here the numbers stand in the file itself.
t = [0.5, 1, 2, 4, 8, 12.5, 13, 14, 18, 24, 30]   # inf asks for the steady state that all ends in
c = [3.5, 5.3, 6.6, 5.7, 3.4, 5.3, 6.9, 7.8, 5.1, 2.4, 0.9]

# [noise]
# How the data scatter around the model. Without this: normal, with the sigma of [data], estimated where there is none.
# kind = "normal"
# proportional = true     # as large a share of every value

[derived]
# What follows from the parameters, reported with its error.
half_life = {{ formula = "log(2) / elimination", unit = "h" }}

[fit]
# starts = 20             # how many starting points; left out, parametra decides and says why
# seconds = 60            # a budget
seed = 0
out = {out}   # the folder for fit.json, the figures and the report
"""

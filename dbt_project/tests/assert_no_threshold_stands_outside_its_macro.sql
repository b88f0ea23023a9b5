-- A score, a box or a window compared with a number in a model is a copy of a threshold.
{{ models_that_hold(
    '(score|points|minutes|days|scale_\\w+)\\w*\\s*(>=|<=|=|<|>|between)\\s*\\d'
    ~ '|(>=|<=|<|>)\\s*(6|7|8|9|10|90)\\b|add_days\\([^)]*,\\s*-?\\d'
) }}

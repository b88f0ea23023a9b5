"""The sentences of which the simulated respondents' comments are made."""

from __future__ import annotations

DEVICES = {
    "ja": ("スマートロック", "照明", "見守りカメラ", "温湿度センサー", "ハブ", "スマートプラグ"),
    "en": ("smart lock", "lights", "camera", "climate sensor", "hub", "smart plug"),
}

OPENINGS = {
    "ja": {
        "positive": ("", "", "いつもお世話になっています。", "家族で使っています。", "満足です。"),
        "negative": (
            "",
            "",
            "正直に言います。",
            "期待していただけに残念です。",
            "改善をお願いします。",
        ),
    },
    "en": {
        "positive": ("", "", "Happy customer here. ", "We use it every day. ", "So far so good. "),
        "negative": ("", "", "To be honest, ", "Sadly, ", "One thing needs work: "),
    },
}

ENDINGS = {
    "ja": {
        "positive": (
            "",
            "",
            "これからも使い続けます。",
            "友人にも勧めました。",
            "ありがとうございます。",
        ),
        "negative": (
            "",
            "",
            "早く直してほしいです。",
            "解約も考えています。",
            "検討をお願いします。",
        ),
    },
    "en": {
        "positive": ("", "", " Keep it up.", " Already told my neighbour.", " Thank you."),
        "negative": ("", "", " Please fix this.", " I may cancel.", " I expected more."),
    },
}

SENTENCES: dict[str, dict[str, dict[str, tuple[str, ...]]]] = {
    "ja": {
        "support_quality": {
            "positive": (
                "{device}の件で問い合わせたら、すぐに折り返しの電話をもらえました。",
                "サポートの方の説明がとても丁寧でした。",
                "チャットの返事が早く、その場で解決しました。",
            ),
            "negative": (
                "{device}の件で問い合わせましたが、返事が来るまで二日かかりました。",
                "担当者が替わるたびに同じ説明をさせられます。",
                "電話がつながらず、メールの回答も的外れでした。",
            ),
        },
        "product_reliability": {
            "positive": (
                "{device}は一年使って一度も止まっていません。",
                "接続が安定していて安心です。",
                "停電のあとも{device}が自動で復帰しました。",
            ),
            "negative": (
                "{device}が週に何度も切断されます。",
                "更新のあとから{device}の反応が遅くなりました。",
                "電池がすぐに切れて{device}が動かなくなります。",
            ),
        },
        "value_for_price": {
            "positive": (
                "この料金でここまでできるなら十分です。",
                "年払いにしたらお得でした。",
                "ほかの会社より{device}が安く、機能も多いです。",
            ),
            "negative": (
                "月額の割に使える機能が少ないと感じます。",
                "値上げの理由がよくわかりません。",
                "{device}を追加するたびに料金がかかるのは高いです。",
            ),
        },
        "app_usability": {
            "positive": (
                "新しいアプリは見やすくて迷いません。",
                "アプリから{device}をすぐに操作できて便利です。",
                "通知の設定が細かくできるのがよいです。",
            ),
            "negative": (
                "アプリの画面が変わって{device}の設定が見つかりません。",
                "アプリがよく落ちます。",
                "通知が多すぎるのに止め方がわかりません。",
            ),
        },
        "ease_of_setup": {
            "positive": (
                "{device}の設定は五分で終わりました。",
                "説明書がわかりやすく、一人で設置できました。",
                "高齢の母でも案内どおりに設定できました。",
            ),
            "negative": (
                "{device}の初期設定で何度も失敗しました。",
                "無線の設定が難しく、半日かかりました。",
                "説明書の図が実際の画面と違います。",
            ),
        },
        "delivery_experience": {
            "positive": (
                "予定より一日早く届きました。",
                "{device}の梱包が丁寧でした。",
                "配送の連絡がこまめで助かりました。",
            ),
            "negative": (
                "約束の日を過ぎても{device}が届きませんでした。",
                "配送状況が更新されず不安でした。",
                "箱がつぶれた状態で届きました。",
            ),
        },
    },
    "en": {
        "support_quality": {
            "positive": (
                "support called me back about the {device} within the hour.",
                "the agent explained everything patiently.",
                "chat answered quickly and it was solved on the spot.",
            ),
            "negative": (
                "it took two days to get an answer about the {device}.",
                "I had to explain the same problem to three different agents.",
                "nobody picks up the phone and the mail reply missed the point.",
            ),
        },
        "product_reliability": {
            "positive": (
                "the {device} has not failed once in a year.",
                "the connection is rock solid.",
                "after a power cut the {device} came back by itself.",
            ),
            "negative": (
                "the {device} drops off the network several times a week.",
                "since the last update the {device} reacts slowly.",
                "the battery of the {device} runs out far too fast.",
            ),
        },
        "value_for_price": {
            "positive": (
                "for this price it does more than I need.",
                "the annual plan is good value.",
                "the {device} is cheaper than elsewhere and does more.",
            ),
            "negative": (
                "the monthly fee is high for what it offers.",
                "the price went up and nobody explained why.",
                "paying extra for every {device} feels wrong.",
            ),
        },
        "app_usability": {
            "positive": (
                "the new app is clear and easy to read.",
                "I can reach the {device} from the app in one tap.",
                "I like how finely notifications can be set.",
            ),
            "negative": (
                "I cannot find the settings of the {device} in the new app.",
                "the app crashes a lot.",
                "there are too many notifications and no obvious way to stop them.",
            ),
        },
        "ease_of_setup": {
            "positive": (
                "the {device} was running in five minutes.",
                "the guide was clear and I installed it alone.",
                "even my father managed the set-up.",
            ),
            "negative": (
                "setting up the {device} failed again and again.",
                "the wireless set-up took half a day.",
                "the pictures in the manual do not match the screens.",
            ),
        },
        "delivery_experience": {
            "positive": (
                "it arrived a day early.",
                "the {device} was packed with care.",
                "tracking was clear all the way.",
            ),
            "negative": (
                "the {device} did not arrive on the promised day.",
                "tracking never updated.",
                "the box arrived crushed.",
            ),
        },
    },
}

# Respondents do write such things; the addresses and numbers belong to nobody.
PERSONAL = {
    "ja": (
        "連絡先は kokyaku{number}@example.jp です。",
        "電話は 03-0000-{number:04d} までお願いします。",
    ),
    "en": (
        " Write to customer{number}@example.com.",
        " Call me at +1-202-555-01{number:02d}.",
    ),
}

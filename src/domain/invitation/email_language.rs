//! What the email of a relationship request says, in the languages it is written in.

use crate::domain::words;

words! {
    /// A language that the email is written in.
    EmailLanguage {
        /// English.
        English = "en",
        /// Chinese in simplified characters.
        Chinese = "zh-Hans",
    }
}

/// The sentence before the link, in English.
pub(super) const LINK_SENTENCE: &str = "To accept this request, follow this link:";

impl EmailLanguage {
    /// The sentence before the link.
    pub(super) fn link_sentence(self) -> &'static str {
        match self {
            Self::English => LINK_SENTENCE,
            Self::Chinese => "要接受此请求，请打开以下链接：",
        }
    }

    /// What the customer of a partner that sells has to know before it accepts.
    pub(super) fn warning(self) -> &'static str {
        match self {
            Self::English => {
                "For each service only one partner that sells to you can hold these privileges, so accepting may \
                 end the delegated administration of the partner that holds them now. What that partner sold you \
                 stays as it is."
            }
            Self::Chinese => {
                "每项服务同一时间只能由一个向您销售的合作伙伴持有这些权限，因此接受此请求可能会终止现有合作伙伴的委派管理权限。\
                 该合作伙伴已向您售出的内容保持不变。"
            }
        }
    }

    /// What ends it.
    pub(super) fn closing(self) -> &'static str {
        match self {
            Self::English => {
                "Only a global administrator of your organization can accept. You can review your partners, \
                 and remove delegated administrative privileges from any of them, on your Partner Relationships \
                 page at any time."
            }
            Self::Chinese => {
                "只有贵组织的全局管理员可以接受。您可以随时在“合作伙伴关系”页面查看您的合作伙伴，并删除其中任何一个的委派管理权限。"
            }
        }
    }

    /// The subject of a partner's email.
    pub(super) fn subject(self, name: &str) -> String {
        match self {
            Self::English => format!("{name} requests a reseller relationship with you"),
            Self::Chinese => format!("{name} 请求与您建立经销商关系"),
        }
    }

    /// The two paragraphs that the partner may edit or delete.
    pub(super) fn introduction(self, name: &str) -> Vec<String> {
        match self {
            Self::English => vec![
                format!(
                    "{name} would like to work with your organization and requests a reseller relationship with you."
                ),
                format!(
                    "Accepting grants {name} delegated administrative privileges, so that {name} can provision your \
                     services and provide you with support. Your subscriptions, who sold them to you and who bills you \
                     for them stay as they are."
                ),
            ],
            Self::Chinese => vec![
                format!("{name} 希望与贵组织合作，特此请求与您建立经销商关系。"),
                format!(
                    "接受后，{name} 将获得委派的管理权限，可以预配您的服务并为您提供支持。\
                     您的订阅、由谁向您售出以及由谁向您计费，均保持不变。"
                ),
            ],
        }
    }
}
